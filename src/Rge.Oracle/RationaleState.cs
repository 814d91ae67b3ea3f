namespace Rge.Oracle;

/// <summary>What has become of a row.</summary>
internal enum RationaleState
{
    /// <summary>No answer has been requested yet.</summary>
    NotAsked,

    /// <summary>No answer arrived; the next run asks again.</summary>
    Failed,

    /// <summary>The answer is none: a filter, a refusal, or cut off.</summary>
    Refused,

    /// <summary>The rationale breaks a rule.</summary>
    Rejected,

    /// <summary>The model ranks the right target no better with the rationale.</summary>
    NoHelp,

    /// <summary>The rationale is good to learn from.</summary>
    Kept,
}
