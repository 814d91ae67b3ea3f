namespace Rge.Oracle;

/// <summary>What an endpoint's error means for the rows to come.</summary>
internal enum FaultKind
{
    /// <summary>The same request may succeed later.</summary>
    Transient,

    /// <summary>The endpoint cannot be reached; otherwise as <see cref="Transient"/>.</summary>
    Unreachable,

    /// <summary>The endpoint does not take this request; it may take others.</summary>
    Request,

    /// <summary>The endpoint's policy forbids an answer to this row.</summary>
    Forbidden,

    /// <summary>No request will succeed: wrong key, address or model, no credit.</summary>
    Fatal,
}
