namespace Rge.Oracle;

/// <summary>Why a rationale is not used.</summary>
/// <param name="Reason">The failed check, in a few fixed words.</param>
/// <param name="Detail">What was found.</param>
public sealed record RationaleRejection(string Reason, string Detail);
