"""What a care platform reads about its communities."""

from gateway.operation import Routes
from gateway.query import Query

_statistics = Routes("orders.v1.AssistedStatisticsService", "Care platforms")

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
)
