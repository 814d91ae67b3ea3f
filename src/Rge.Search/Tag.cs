namespace Rge.Search;

/// <summary>An entry of an item's metadata as every store can keep and filter it: a text <c>key=value</c>.</summary>
internal static class Tag
{
    /// <exception cref="SearchException">The key is empty or has a sign in it that filters need.</exception>
    public static string Of(string key, string value) => key.Length > 0 && key.IndexOfAny(['=', '!']) < 0
        ? $"{key}={value}"
        : throw new SearchException($"The metadata key '{key}' cannot be used, expected a name without = and !.");

    public static (string Key, string Value) Split(string tag) => tag.IndexOf('=', StringComparison.Ordinal) is > 0 and var end ? (tag[..end], tag[(end + 1)..]) : (tag, "");
}
