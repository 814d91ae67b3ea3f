using System.Runtime.CompilerServices;
using Rge.Imaging;

namespace Rge.Server;

/// <summary>What a request, and all of them together, may cost. Immutable.</summary>
public sealed record ServerLimits
{
    /// <summary>Largest body of a request in bytes, after decompression.</summary>
    public int MaxBodyBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Bytes of bodies and of fetched images that are in memory at once, over all requests from when their first byte arrives until they
    /// are answered; what would exceed them is answered with 429. The first 64 KiB of each request are not counted, so that small requests
    /// are answered while large ones fill this. While a body is read it takes about twice its size.
    /// </summary>
    public long MaxBodyMemoryBytes { get; init; } = 256 << 20;

    /// <summary>Connections that are open at once.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Items of a request.</summary>
    public int MaxItems { get; init; } = 2048;

    /// <summary>Images of a request, over all its items.</summary>
    public int MaxImages { get; init; } = 2048;

    /// <summary>Largest encoded image in bytes, sent or fetched.</summary>
    public int MaxImageBytes { get; init; } = 24 << 20;

    /// <summary>Most pixels of an image, known from its header before any is decoded.</summary>
    public int MaxImagePixels { get; init; } = 64 << 20;

    /// <summary>
    /// Longest prompt of an item in tokens, image tokens and a given rationale included. Nothing is truncated: a longer one is refused.
    /// </summary>
    public int MaxPromptTokens { get; init; } = 8192;

    /// <summary>Longest rationale in tokens that a request may ask for.</summary>
    public int MaxRationaleTokens { get; init; } = 512;

    /// <summary>
    /// Items that are worked on or wait, over all requests; what would exceed them is answered with 429. <see langword="null"/> for twice
    /// <see cref="MaxItems"/>.
    /// </summary>
    public int? MaxQueuedItems { get; init; }

    /// <summary><see cref="MaxQueuedItems"/> as it counts.</summary>
    internal int QueuedItems => MaxQueuedItems ?? (int)Math.Min(2L * MaxItems, int.MaxValue);

    /// <summary>As <see cref="DecodingEngineOptions.MaxCacheTokens"/>.</summary>
    public int MaxCacheTokens { get; init; } = 128 << 10;

    /// <summary>As <see cref="DecodingEngineOptions.MaxPrefixTokens"/>, for the embedder and the reranker each; 0 for none.</summary>
    public int MaxPrefixTokens { get; init; }

    /// <summary>
    /// Images whose encoding is kept, so that one asked about again, with an edited rationale say, is not encoded again; 0 for none.
    /// </summary>
    public int RememberedImages { get; init; } = 8;

    /// <summary>The limits that the embedder itself keeps.</summary>
    internal ReasoningEmbedderOptions ToEmbedderOptions() =>
        new()
        {
            ImageLimits = ToImageLimits(),
            MaxPromptTokens = MaxPromptTokens,
            VisionCacheSize = RememberedImages,
            Decoder = ToDecoderOptions(),
        };

    /// <summary>The limits that the reranker itself keeps.</summary>
    internal RerankerOptions ToRerankerOptions() =>
        new()
        {
            ImageLimits = ToImageLimits(),
            MaxPromptTokens = MaxPromptTokens,
            Decoder = ToDecoderOptions(),
        };

    private DecodingEngineOptions ToDecoderOptions() => new() { MaxCacheTokens = MaxCacheTokens, MaxPrefixTokens = MaxPrefixTokens };

    /// <summary>Limits on the size of an image.</summary>
    internal ImageLimits ToImageLimits() => new() { MaxBytes = MaxImageBytes, MaxPixels = MaxImagePixels };

    /// <exception cref="ServerException">A limit is out of range.</exception>
    internal void Validate()
    {
        AtLeastOne(MaxBodyBytes);
        AtLeastOne(MaxConnections);
        AtLeastOne(MaxItems);
        AtLeastOne(MaxImages);
        AtLeastOne(MaxImageBytes);
        AtLeastOne(MaxImagePixels);
        AtLeastOne(MaxPromptTokens);
        AtLeastOne(MaxRationaleTokens);
        AtLeastOne(MaxCacheTokens);
        NotNegative(MaxPrefixTokens);
        NotNegative(RememberedImages);
        if (MaxImagePixels > 1 << 29)
            throw Error(nameof(MaxImagePixels), MaxImagePixels, $"at most {1 << 29}");
        if (MaxBodyMemoryBytes < MaxBodyBytes)
            throw Error(nameof(MaxBodyMemoryBytes), MaxBodyMemoryBytes, $"at least max_body_bytes, which is {MaxBodyBytes}");
        if (MaxQueuedItems < MaxItems)
            throw Error(nameof(MaxQueuedItems), MaxQueuedItems.Value, $"at least max_items, which is {MaxItems}");

        static void AtLeastOne(int value, [CallerArgumentExpression(nameof(value))] string name = "")
        {
            if (value < 1)
                throw Error(name, value, "at least 1");
        }

        static void NotNegative(int value, [CallerArgumentExpression(nameof(value))] string name = "")
        {
            if (value < 0)
                throw Error(name, value, "0 or more");
        }
    }

    private static ServerException Error(string name, long found, string expected) =>
        new($"limits.{ServerOptions.JsonNameOf(name)} is {found}, expected {expected}.");
}
