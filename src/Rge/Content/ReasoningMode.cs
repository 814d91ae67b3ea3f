namespace Rge;

/// <summary>Whether the model writes a rationale before the embedding is taken.</summary>
public enum ReasoningMode
{
    /// <summary>The model writes a rationale, which ends in <c>&lt;emb&gt;</c>.</summary>
    On,

    /// <summary><c>&lt;emb&gt;</c> follows the prompt straight away.</summary>
    Off,
}
