using System.Text;

namespace Rge.Files;

/// <summary>A line of a <see cref="LineJournal"/>.</summary>
/// <param name="Start">Where it begins in the file.</param>
/// <param name="Content">Its bytes, without the line end.</param>
public readonly record struct JournalLine(long Start, ReadOnlyMemory<byte> Content)
{
    /// <summary>Where the next line begins.</summary>
    public long End => Start + Content.Length + 1;

    /// <summary>Its text, in UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Content.Span);
}
