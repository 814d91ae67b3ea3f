using Rge.Files;
using Rge.Models.Inputs;
using Rge.Presets;

namespace Rge;

/// <summary>
/// How a published checkpoint is called: what its prompt looks like, how images are sized, and which hidden state is the embedding.
/// Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <see cref="BuiltIn"/> lists those of the library; <see cref="Load"/> reads one from a JSON file. docs/presets.md describes the keys of
/// the file; a property without a description of its own is the key of that name.
/// </remarks>
public sealed record ModelPreset
{
    /// <summary>Name in options, errors and reports.</summary>
    public required string Name { get; init; }

    /// <summary>The checkpoints that it is for, in a few words.</summary>
    public string Description { get; init; } = "";

    /// <summary>The prompt.</summary>
    public required PresetPrompt Prompt { get; init; }

    /// <summary>What becomes of instructions.</summary>
    public PresetInstruction Instruction { get; init; } = new();

    /// <summary>Text of an item that has neither text nor image; <see langword="null"/> where such an item is refused.</summary>
    public string? EmptyItem { get; init; }

    /// <summary>Most images of an item; <see langword="null"/> for any number.</summary>
    public int? MaxImages { get; init; }

    /// <summary>Which hidden state is the embedding.</summary>
    public PresetPooling Pooling { get; init; } = new(PoolingKind.LastToken, Token: null);

    /// <summary>Which items write a rationale, and how it ends.</summary>
    public PresetReasoning Reasoning { get; init; } = new();

    /// <summary>Whether embeddings have length 1.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>How images are read and sized.</summary>
    public PresetImages Images { get; init; } = new();

    /// <summary>How the tokens of images are numbered.</summary>
    public PositionScheme Positions { get; init; }

    /// <summary>How long a prompt may be.</summary>
    public PresetLength Length { get; init; } = new();

    /// <summary>The tokens that a reranker is asked about; <see langword="null"/> for a preset of embeddings.</summary>
    public PresetScore? Score { get; init; }

    /// <summary>The built-in presets of embedders and rerankers, in the order of their documentation. Reads all of their files.</summary>
    public static IReadOnlyList<ModelPreset> BuiltIn =>
        [.. PresetFiles.EmbedderNames.Concat(PresetFiles.RerankerNames).Select(PresetFiles.Get)];

    /// <summary>Names of the built-in presets of embedders, in the order of their documentation. Reads no file.</summary>
    public static IReadOnlyList<string> EmbedderNames => PresetFiles.EmbedderNames;

    /// <summary>Names of the built-in presets of rerankers. Reads no file.</summary>
    public static IReadOnlyList<string> RerankerNames => PresetFiles.RerankerNames;

    /// <summary>Reasoning-guided embedding: the checkpoint's chat template, and the hidden state at <c>&lt;emb&gt;</c>.</summary>
    public static ModelPreset Rge => PresetFiles.Get("rge");

    /// <summary>As <see cref="Rge"/>, but for the hidden state that predicts <c>&lt;emb&gt;</c>, which is not read itself.</summary>
    public static ModelPreset RgeBeforeEmb => PresetFiles.Get("rge-before-emb");

    /// <summary>What <see cref="EmbeddingPooling.LastToken"/> stands for: the bare parts of an item, and its last token.</summary>
    public static ModelPreset LastToken => PresetFiles.Get("last-token");

    /// <summary>Qwen3-VL-Reranker.</summary>
    public static ModelPreset Qwen3VlReranker => PresetFiles.Get("qwen3-vl-reranker");

    /// <summary>A built-in preset by its name.</summary>
    /// <exception cref="CheckpointException">None has this name.</exception>
    public static ModelPreset Named(string name)
    {
        string[] names = [.. PresetFiles.EmbedderNames, .. PresetFiles.RerankerNames];
        return names.Contains(name, StringComparer.Ordinal)
            ? PresetFiles.Get(name)
            : throw new CheckpointException($"There is no preset '{name}', expected one of {string.Join(", ", names)}.");
    }

    /// <summary>Name of the file in a checkpoint folder that says which preset it is for, before all other signs.</summary>
    public const string FileName = "embedding_preset.json";

    /// <summary>Writes the preset into a checkpoint's folder, which then brings it along.</summary>
    /// <param name="folder">The folder; must exist.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        AtomicFile.WriteJson(Path.Combine(folder, FileName), PresetWriter.Write(this));
    }

    /// <summary>Reads a preset file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or is no preset: the message names the key.</exception>
    public static ModelPreset Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return PresetReader.Read(path);
    }

    /// <summary>Generation options with the preset's longest rationale, where it has one.</summary>
    public GenerationOptions WithBudget(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Reasoning.MaxTokens is { } most ? options with { MaxRationaleTokens = most } : options;
    }

    /// <summary>
    /// What identifies the preset in fingerprints and cache keys: a digest of all that decides an embedding, which is everything but name
    /// and description. <see langword="null"/> for <see cref="Rge"/> and <see cref="LastToken"/>, which are older than presets.
    /// </summary>
    internal string? Digest => PresetDigest.Of(this);
}
