using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rge.Search;

/// <summary>An item to index: a text, images, or both. Immutable.</summary>
public sealed record SearchItem
{
    /// <summary>Hexadecimal digits of an id: 128 bits.</summary>
    private const int IdDigits = 32;

    private const int MaxKeyBytes = 1000;

    /// <summary>
    /// The key that its owner gives it: an item with the key of an earlier one replaces it. At most 1,000 bytes in UTF-8.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>The text.</summary>
    public string? Text { get; init; }

    /// <summary>The images, encoded: PNG, JPEG, WebP, GIF or BMP.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Images { get; init; } = [];

    /// <summary>Path of the first image or the text; not part of the content.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// Facts to filter by; a key may have several values. At most 4,096, each at most 2,000 bytes with its key. See
    /// <see cref="MetadataValue"/> for numbers.
    /// </summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>Its kind.</summary>
    public ItemKind Kind =>
        Images.Count == 0 ? ItemKind.Text
        : Text is null ? ItemKind.Image
        : ItemKind.ImageAndText;

    /// <summary>Hash of key, text, images and metadata, in hexadecimal digits.</summary>
    /// <exception cref="SearchException">A metadata key cannot be used.</exception>
    public string Id() => Hash(Key, Tags());

    /// <summary>Hash of text and images, which are all that the embedding depends on.</summary>
    internal string ContentId() => Hash(key: null, []);

    private string Hash(string? key, IEnumerable<string> tags)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(key);
        AppendText(Text);
        Append(Images.Count, []);
        foreach (var image in Images)
            Append(image.Length, image.Span);
        foreach (var tag in tags.Order(StringComparer.Ordinal))
            AppendText(tag);
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..IdDigits];

        void AppendText(string? text) => Append(text is null ? -1 : Encoding.UTF8.GetByteCount(text), Encoding.UTF8.GetBytes(text ?? ""));

        // With the length in front, so that no two items read alike.
        void Append(long length, ReadOnlySpan<byte> bytes)
        {
            Span<byte> prefix = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, length);
            hash.AppendData(prefix);
            hash.AppendData(bytes);
        }
    }

    /// <summary>The metadata as records have it.</summary>
    /// <exception cref="SearchException">A key cannot be used.</exception>
    internal IEnumerable<string> Tags() => Metadata.Select(entry => Tag.Format(entry.Key, entry.Value)).Distinct(StringComparer.Ordinal);

    /// <summary>Refuses what cannot be indexed or stored.</summary>
    /// <exception cref="SearchException">There is nothing in it, a text is no text, or a metadata key cannot be used.</exception>
    internal void Check()
    {
        if (string.IsNullOrEmpty(Text) && Images.Count == 0)
            throw new SearchException("There is nothing to index, expected a text or an image.");
        if (Key is not null && Encoding.UTF8.GetByteCount(Key) is > MaxKeyBytes and var bytes)
            throw new SearchException($"The key has {bytes:N0} bytes, expected at most {MaxKeyBytes:N0}.");
        if (Metadata.Count > MetadataValue.MaxEntries)
            throw new SearchException($"The metadata has {Metadata.Count:N0} values, expected at most {MetadataValue.MaxEntries:N0}.");
        string[] tags = [.. Tags()];
        foreach (var tag in tags)
            Tag.CheckLength(tag);
        foreach (var text in (string?[])[Key, Text, Path, .. tags])
        {
            if (text?.Contains('\0') == true)
                throw new SearchException("A text has the character NUL in it, which stores do not keep.");
            if (text is not null && !Utf8(text))
                throw new SearchException("A text has half of a character in it (a lone surrogate).");
        }
    }

    private static bool Utf8(string text)
    {
        for (var i = 0; i < text.Length; i++)
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        return true;
    }
}
