"""Time zones as plain data, whatever library they come from."""

from __future__ import annotations

import datetime
import zoneinfo

__all__ = ["describe_zone", "find_name", "make_zone"]


def find_name(zone):
    """Return the name of a time zone in the database of zones.

    Parameters
    ----------
    zone : tzinfo
        A zone of the standard library, pytz or dateutil.

    Returns
    -------
    name : str or None
        None for a zone without a name, or with one that this machine does not know.
    """
    file = str(getattr(zone, "_filename", ""))
    names = (
        getattr(zone, "key", None),
        getattr(zone, "zone", None),
        # dateutil knows the file that it read.
        file.partition("zoneinfo/")[2] or file,
    )
    for name in names:
        if isinstance(name, str) and _is_known(name):
            return name
    return None


def _is_known(name):
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError):
        return False
    return bool(name)


def describe_zone(time):
    """Return the time zone of a datetime as plain data.

    Parameters
    ----------
    time : datetime.datetime
        A datetime that has a zone.

    Returns
    -------
    zone : str or int
        The name of the zone; or the offset of this time from UTC in seconds, where the
        zone has no name.
    """
    name = find_name(time.tzinfo)
    if name is not None:
        return name
    return round(time.utcoffset().total_seconds())


def make_zone(zone):
    """Return the time zone that :func:`describe_zone` described.

    Parameters
    ----------
    zone : str or int
        A name, or seconds to the east of UTC.

    Returns
    -------
    zone : tzinfo
        The zone.
    """
    if isinstance(zone, str):
        return zoneinfo.ZoneInfo(zone)
    return datetime.timezone(datetime.timedelta(seconds=zone))
