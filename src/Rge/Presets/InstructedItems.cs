namespace Rge.Presets;

/// <summary>Which items may have an instruction of their own.</summary>
public enum InstructedItems
{
    /// <summary>Queries and targets.</summary>
    All,

    /// <summary>Queries; every target has the preset's default.</summary>
    Queries,
}
