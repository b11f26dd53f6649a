"""What a care platform reads about its communities, and a representative about its own orders."""

from gateway.operation import Routes
from gateway.query import Query

_statistics = Routes("orders.v1.AssistedStatisticsService", "Care platforms")
_reps = Routes("orders.v1.RepresentativeStatisticsService", "Representatives")
_PERIOD = (
    Query("from", "from_date", "First local date of placing.", required=True),
    Query("to", "to_date", "Last local date, included.", required=True),
)

OPERATIONS = (
    _statistics.get(
        "/v1/communities/{community_id:id}/statistics",
        "GetCommunityStatistics",
        "Get the figures of a community",
        description="Orders placed in the period, cancelled ones left out; at most 366 days.",
        query=(
            Query("from", "from_date", "First local date.", required=True),
            Query("to", "to_date", "Last local date, included.", required=True),
            Query("products", description="Also per product, where the platform may see it."),
        ),
        errors="COMMUNITY_NOT_FOUND INVALID_FIELDS",
    ),
    _reps.get(
        "/v1/representatives/{representative_id:id}/statistics",
        "GetRepresentativeStatistics",
        "Get the figures of a representative",
        description="Orders that the representative placed in the period, cancelled ones left out, in all and by "
        "month; at most 366 days. Representatives read their own, staff anybody's.",
        query=_PERIOD,
        errors="REPRESENTATIVE_NOT_FOUND INVALID_FIELDS",
    ),
    _reps.get(
        "/v1/representatives/{representative_id:id}/figures",
        "ListRepresentativeFigures",
        "List the figures of a representative by account or product",
        description="The highest amounts first, in one currency. By account a representative is told of the accounts "
        "that are its own now; what it ordered for others counts in its figures and by product.",
        query=(
            *_PERIOD,
            Query("by", required=True),
            Query("currency_code", description="Amounts in this one only; the vendor's when absent."),
        ),
        errors="REPRESENTATIVE_NOT_FOUND INVALID_FIELDS",
    ),
)
