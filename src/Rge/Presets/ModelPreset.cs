using Rge.Models.Inputs;
using Rge.Presets;

namespace Rge;

/// <summary>
/// How a published checkpoint is called: what its prompt looks like, how images are sized, and which hidden state is the embedding.
/// Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Ours are <see cref="BuiltIn"/>; <see cref="Load"/> reads one from a JSON file, and docs/presets.md describes its keys. Where a property
/// has no description of its own, the key of that name has it.
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

    /// <summary>Our presets for embeddings and rerankers, in the order of their documentation.</summary>
    public static IReadOnlyList<ModelPreset> BuiltIn => PresetFiles.All;

    /// <summary>Reasoning-guided embedding: the checkpoint's chat template, and the hidden state at <c>&lt;emb&gt;</c>.</summary>
    public static ModelPreset Rge => PresetFiles.Rge;

    /// <summary>What <see cref="EmbeddingPooling.LastToken"/> stands for: the bare parts of an item, and its last token.</summary>
    public static ModelPreset LastToken => PresetFiles.LastToken;

    /// <summary>Qwen3-VL-Reranker.</summary>
    public static ModelPreset Qwen3VlReranker => Named("qwen3-vl-reranker");

    /// <summary>One of ours by its name.</summary>
    /// <exception cref="CheckpointException">None has this name.</exception>
    public static ModelPreset Named(string name) =>
        BuiltIn.FirstOrDefault(preset => preset.Name == name)
        ?? throw new CheckpointException(
            $"There is no preset '{name}', expected one of {string.Join(", ", BuiltIn.Select(preset => preset.Name))}."
        );

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
