"""Look things up once while a batch is billed.

The fiscal position of a customer or the journal of a company is asked for by each
charge. Inside a function that is ``@remembering``, a lookup that is ``@remembered``
searches once per key; outside, and as soon as the outermost one returns, each call
searches again.
"""

from functools import wraps

MEMO = "subscription_memo"


def remembering(method):
    """While ``method`` runs, no lookup is done twice."""

    @wraps(method)
    def wrapper(self, *args, **kwargs):
        cache = self.env.cr.cache
        if MEMO in cache:
            return method(self, *args, **kwargs)
        cache[MEMO] = {}
        try:
            return method(self, *args, **kwargs)
        finally:
            cache.pop(MEMO, None)  # a rolled back savepoint emptied it

    return wrapper


def remembered(key):
    """A lookup of records that depends on nothing but ``key(*arguments)``."""

    def decorator(method):
        @wraps(method)
        def wrapper(self, *args):
            memo = self.env.cr.cache.get(MEMO, {})
            name = (method.__name__, key(*args))
            if name not in memo:
                memo[name] = method(self, *args)
            return memo[name].with_env(self.env)

        return wrapper

    return decorator


def distinct_companies(records, names=None):
    """For each field of ``records`` whose company is checked: one record for each value in each company."""
    for name in names or records._fields:
        field = records._fields[name]
        if field.relational and field.check_company:
            groups = records.grouped(lambda record, name=name: (record.company_id, record[name]))
            yield name, records.browse(group.ids[0] for group in groups.values())
