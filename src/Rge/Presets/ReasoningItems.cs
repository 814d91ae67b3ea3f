namespace Rge.Presets;

/// <summary>Which items write a rationale.</summary>
public enum ReasoningItems
{
    /// <summary>None; to ask for one is an error.</summary>
    None,

    /// <summary>Those that item, call or embedder say: queries, unless they say otherwise.</summary>
    AsAsked,

    /// <summary>All; to ask for none is an error.</summary>
    All,
}
