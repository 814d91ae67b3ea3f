namespace Rge;

/// <summary>Whether the model writes a rationale before the embedding is taken.</summary>
public enum ReasoningMode
{
    /// <summary>
    /// The model writes a rationale, which ends in <c>&lt;emb&gt;</c>. A model that was trained for <see cref="Auto"/> always writes one;
    /// others may have learned to emit <c>&lt;emb&gt;</c> at once.
    /// </summary>
    On,

    /// <summary><c>&lt;emb&gt;</c> follows the prompt straight away.</summary>
    Off,

    /// <summary>
    /// The model decides by its first token: <c>&lt;emb&gt;</c> at once, or a rationale. The same as <see cref="On"/> for a model that was
    /// not trained to decide.
    /// </summary>
    Auto,
}
