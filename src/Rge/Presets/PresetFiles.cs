namespace Rge.Presets;

/// <summary>
/// The presets that come with the library: the JSON files beside this source, as resources. Each is read when first asked for.
/// </summary>
internal static class PresetFiles
{
    private const string Prefix = "Presets/";

    private static readonly Dictionary<string, Lazy<ModelPreset>> Named;

    static PresetFiles() =>
        Named = EmbedderNames
            .Concat(RerankerNames)
            .Append("last-token")
            .ToDictionary(name => name, name => new Lazy<ModelPreset>(() => Read(name)), StringComparer.Ordinal);

    /// <summary>Names of the presets of embedders, in the order of the documentation.</summary>
    public static IReadOnlyList<string> EmbedderNames { get; } =
    ["rge", "qwen3-vl-embedding", "vlm2vec", "vlm2vec-v2", "gme", "ume-r1", "ume-r1-generative", "wemm", "rge-before-emb"];

    /// <summary>Names of the presets of rerankers.</summary>
    public static IReadOnlyList<string> RerankerNames { get; } = ["qwen3-vl-reranker"];

    /// <summary>One that exists.</summary>
    public static ModelPreset Get(string name) => Named[name].Value;

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
