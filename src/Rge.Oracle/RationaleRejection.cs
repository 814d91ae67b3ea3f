namespace Rge.Oracle;

/// <summary>Why a rationale is not used.</summary>
/// <param name="Reason">The check that it has failed, in a few words that are the same for all that fail it.</param>
/// <param name="Detail">What was found in this one.</param>
public sealed record RationaleRejection(string Reason, string Detail);
