namespace Rge.Training.Settings;

/// <summary>Which hidden state is the embedding.</summary>
public enum EmbeddedState
{
    /// <summary>The state at <c>&lt;emb&gt;</c>, which has read it.</summary>
    AtEmb,

    /// <summary>
    /// The state before <c>&lt;emb&gt;</c>, which predicts it: of the last token of the rationale, or of the prompt. Saves a decoding step.
    /// The trained checkpoint brings the preset <c>rge-before-emb</c>.
    /// </summary>
    BeforeEmb,
}
