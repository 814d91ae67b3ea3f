using System.Text;

namespace Rge.Search;

/// <summary>An entry of an item's metadata as every store can keep and filter it: a text <c>key=value</c>.</summary>
internal static class Tag
{
    /// <summary>Bytes of a tag, which every store's index takes.</summary>
    private const int MaxBytes = 2000;

    /// <exception cref="SearchException">The key is empty or has a sign in it that filters need.</exception>
    public static string Format(string key, string value) =>
        key.Length > 0 && key.IndexOfAny(['=', '!', '<', '>']) < 0 && key.Trim().Length == key.Length
            ? $"{key}={value}"
            : throw new SearchException(
                $"The metadata key '{key}' cannot be used, expected a name without =, !, < and >, and no space around it."
            );

    public static (string Key, string Value) Split(string tag) =>
        tag.IndexOf('=', StringComparison.Ordinal) is > 0 and var end ? (tag[..end], tag[(end + 1)..]) : (tag, "");

    /// <exception cref="SearchException">It is too long for filters.</exception>
    public static void CheckLength(string tag)
    {
        if (tag.Length > MaxBytes / 4 && Encoding.UTF8.GetByteCount(tag) is > MaxBytes and var bytes)
            throw new SearchException(
                $"The metadata '{Split(tag).Key}' has {bytes:N0} bytes with its value, expected at most {MaxBytes:N0}."
            );
    }
}
