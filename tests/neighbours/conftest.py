# the addon of these tests asks for a database of its own
collect_ignore = ["test_subscription_neighbours"]
