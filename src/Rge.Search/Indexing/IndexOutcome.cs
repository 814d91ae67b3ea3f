using System.Globalization;
using System.Text;

namespace Rge.Search.Indexing;

/// <summary>What indexing has done; counts are of files or rows but for <paramref name="Embedded"/>.</summary>
/// <param name="Stored">New ones and changed ones.</param>
/// <param name="Embedded">Items that were embedded for them; fewer where some are equal, existed, or differ from the existing ones in key
/// or metadata only.</param>
/// <param name="Unchanged">Unchanged files or rows.</param>
/// <param name="Removed">Those that were removed because they are no longer in the source.</param>
/// <param name="Broken">What could not be indexed; earlier items of these stay.</param>
public sealed record IndexOutcome(int Stored, int Embedded, int Unchanged, int Removed, IReadOnlyList<BrokenItem> Broken)
{
    /// <summary>Those that are no longer found in the source, but stay for the reason that <see cref="Hold"/> says.</summary>
    public int Withheld { get; init; }

    /// <summary>Why <see cref="Withheld"/> ones stay.</summary>
    public RemovalHold Hold { get; init; }

    /// <summary>
    /// Whether the source contains nothing that can be indexed, which usually means that it is the wrong one, or not mounted.
    /// </summary>
    public bool SourceIsEmpty { get; init; }

    /// <summary>Images of formats that cannot be read, by the extension of their files in capitals: how many were skipped.</summary>
    public IReadOnlyDictionary<string, int> Unreadable { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>The counts in one line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{Stored} stored ({Embedded} embedded), {Unchanged} unchanged, {Removed} removed, {Broken.Count} broken"
        );
        if (Withheld > 0)
            text.Append(CultureInfo.InvariantCulture, $", {Withheld} missing but kept");
        return text.ToString();
    }
}
