from . import test_loyalty, test_subscription_apps, test_timesheet
