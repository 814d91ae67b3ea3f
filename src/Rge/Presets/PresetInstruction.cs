using System.Globalization;

namespace Rge.Presets;

/// <summary>What becomes of the instruction of an item. Immutable.</summary>
public sealed record PresetInstruction
{
    /// <summary>The instruction of an item that has none; empty for none.</summary>
    public string Default { get; init; } = "";

    /// <summary>Whether white space around a given instruction is removed.</summary>
    public bool Strip { get; init; }

    /// <summary>Whether a given instruction gets a full stop unless its last character is punctuation (a Unicode category P…).</summary>
    public bool FullStop { get; init; }

    /// <summary>Which items may have one of their own.</summary>
    public InstructedItems Items { get; init; }

    /// <summary>The instruction that the model reads.</summary>
    /// <param name="given">The item's; <see langword="null"/> or empty for none.</param>
    public string Resolve(string? given)
    {
        var instruction = given ?? "";
        if (Strip)
            instruction = instruction.Trim();
        if (
            FullStop
            && instruction.Length > 0
            && !IsPunctuation(CharUnicodeInfo.GetUnicodeCategory(instruction, LastCharacter(instruction)))
        )
            instruction += ".";
        return instruction.Length == 0 ? Default : instruction;
    }

    private static int LastCharacter(string text) =>
        text.Length > 1 && char.IsSurrogatePair(text[^2], text[^1]) ? text.Length - 2 : text.Length - 1;

    private static bool IsPunctuation(UnicodeCategory category) =>
        category
            is UnicodeCategory.ConnectorPunctuation
                or UnicodeCategory.DashPunctuation
                or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation
                or UnicodeCategory.InitialQuotePunctuation
                or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation;
}
