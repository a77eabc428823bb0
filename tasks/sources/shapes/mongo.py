"""Values as mongoexport writes them: MongoDB's extended JSON wraps each type that JSON lacks in an object."""

from typing import Any

WRAPPED = frozenset(
    {"$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$date", "$uuid", "$symbol"}
)


def unwrap(value: Any) -> Any:
    """The value without MongoDB's wrappers, however deep.

    >>> unwrap({"_id": {"$oid": "5f"}, "id": {"$numberLong": "1200"}, "at": {"$date": {"$numberLong": "7"}}})
    {'_id': '5f', 'id': '1200', 'at': '7'}
    """
    if isinstance(value, dict):
        if len(value) == 1 and WRAPPED.issuperset(value):
            return unwrap(next(iter(value.values())))
        return {name: unwrap(each) for name, each in value.items()}
    return [unwrap(each) for each in value] if isinstance(value, list) else value
