namespace Rge.Presets;

/// <summary>At which token of a prompt or rationale the embedding is taken.</summary>
public enum PoolingKind
{
    /// <summary>The last token of the prompt, whatever it is.</summary>
    LastToken,

    /// <summary>The last one of a token that the prompt brings.</summary>
    PromptToken,

    /// <summary>A token that ends the rationale; without a rationale it is put after the prompt.</summary>
    WrittenToken,

    /// <summary>
    /// The last token of rationale or prompt, whose state is the one that predicts the token that ends the rationale. That token is never
    /// read, which saves a step.
    /// </summary>
    BeforeToken,
}
