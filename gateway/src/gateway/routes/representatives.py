"""Representatives, their accounts, and the vendor's staff."""

from gateway.operation import Body, Routes
from gateway.query import Query

_reps = Routes("customers.v1.RepresentativeService", "Representatives")
_staff = Routes("customers.v1.StaffService", "Staff")
_MISSING = "REPRESENTATIVE_NOT_FOUND"
_PAIR = "/v1/representatives/{representative_id:id}/accounts/{account_id:id}"

OPERATIONS = (
    _reps.post(
        "/v1/representatives",
        "CreateRepresentative",
        "Create a representative",
        body=Body("representative", without=("active",)),
        status=201,
        location="/v1/representatives/{id}",
        errors="INVALID_FIELDS REP_CODE_TAKEN EMAIL_TAKEN",
    ),
    _reps.get(
        "/v1/representatives",
        "ListRepresentatives",
        "List representatives",
        query=(Query("query", description="Beginning of the code or a name."),),
    ),
    _reps.get("/v1/representatives/{representative_id:id}", "GetRepresentative", "Get a representative"),
    _reps.patch(
        "/v1/representatives/{representative_id:id}",
        "UpdateRepresentative",
        "representative",
        "Change a representative",
        description="Making it inactive ends all its sessions at once.",
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS EMAIL_TAKEN REP_CODE_TAKEN",
    ),
    _reps.put(
        _PAIR,
        "AssignAccount",
        "Assign an account to a representative",
        description="In force at once, also in open sessions. Assigning twice is one assignment.",
        status=204,
        errors=_MISSING + " ACCOUNT_NOT_FOUND",
    ),
    _reps.delete(_PAIR, "UnassignAccount", "Take an account from a representative", status=204),
    _staff.post(
        "/v1/staff",
        "CreateStaffMember",
        "Create a staff member",
        body=Body("staff_member", without=("active",)),
        status=201,
        errors="INVALID_FIELDS EMAIL_TAKEN",
    ),
    _staff.get("/v1/staff", "ListStaffMembers", "List the staff"),
    _staff.patch(
        "/v1/staff/{staff_member_id:id}",
        "UpdateStaffMember",
        "staff_member",
        "Change a staff member",
        errors="STAFF_MEMBER_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS EMAIL_TAKEN LAST_ADMIN",
    ),
)
