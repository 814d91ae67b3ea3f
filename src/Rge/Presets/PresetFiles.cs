namespace Rge.Presets;

/// <summary>The presets that come with the library: the JSON files beside this source, as resources.</summary>
internal static class PresetFiles
{
    private const string Prefix = "Presets/";

    /// <summary>Names of the files, in the order of the documentation.</summary>
    private static readonly string[] Names =
    [
        "rge",
        "qwen3-vl-embedding",
        "vlm2vec",
        "vlm2vec-v2",
        "gme",
        "ume-r1",
        "ume-r1-generative",
        "wemm",
        "qwen3-vl-reranker",
    ];

    private static readonly Lazy<IReadOnlyList<ModelPreset>> Listed = new(() => [.. Names.Select(Read)]);
    private static readonly Lazy<ModelPreset> Last = new(() => Read("last-token"));

    /// <summary>Those that can be named.</summary>
    public static IReadOnlyList<ModelPreset> All => Listed.Value;

    /// <inheritdoc cref="ModelPreset.Rge"/>
    public static ModelPreset Rge => All[0];

    /// <inheritdoc cref="ModelPreset.LastToken"/>
    public static ModelPreset LastToken => Last.Value;

    private static ModelPreset Read(string name)
    {
        var resource = $"{Prefix}{name}.json";
        using var stream = typeof(PresetFiles).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The assembly has no {resource}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return PresetReader.Parse(bytes, resource);
    }
}
