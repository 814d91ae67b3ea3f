namespace Rge.Files.Yaml;

/// <summary>A value of a YAML text: a scalar, a list or a map, and where it stands. Immutable.</summary>
public sealed record YamlValue
{
    /// <summary>Source and line, as errors name them.</summary>
    public required string Place { get; init; }

    /// <summary>The scalar's text; <see langword="null"/> for a list, a map, and a value that is left out or written <c>null</c>.</summary>
    public string? Text { get; init; }

    /// <summary>The list's values; <see langword="null"/> for others.</summary>
    public IReadOnlyList<YamlValue>? Items { get; init; }

    /// <summary>The map's values in their order; <see langword="null"/> for others.</summary>
    public IReadOnlyDictionary<string, YamlValue>? Members { get; init; }

    /// <summary>Values in it, itself included; what an alias stands for counts each time.</summary>
    public long Size { get; init; } = 1;

    /// <summary>Whether there is nothing: left out, <c>null</c> or <c>~</c>.</summary>
    public bool IsNull => Text is null && Items is null && Members is null;

    /// <summary>What it is, for errors.</summary>
    public string Describe() =>
        this switch
        {
            { Members: { Count: 0 } } => "an empty map",
            { Members: { } members } => $"a map with '{Shorten(members.Keys.First())}'",
            { Items: { Count: 0 } } => "an empty list",
            { Items: not null } => "a list",
            { Text: { } text } => $"'{Shorten(text)}'",
            _ => "empty",
        };

    private static string Shorten(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= 60 ? line : line[..57] + "...";
    }
}
