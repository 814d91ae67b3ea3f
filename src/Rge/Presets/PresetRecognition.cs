using System.Text.Json;
using Rge.Files;
using Rge.Models;
using Rge.Text;

namespace Rge;

/// <summary>Which preset a checkpoint folder is for, as far as its files tell.</summary>
/// <param name="Preset">The preset; <see langword="null"/> where nothing tells.</param>
/// <param name="Reason">What it was recognised by, or what was looked for, as the rest of a sentence about the folder.</param>
public sealed record PresetRecognition(ModelPreset? Preset, string Reason)
{
    private const string EmbeddingTemplate = "embedding_chat_template.jinja",
        SentencePooling = "1_Pooling/config.json";

    private const string DefaultInstruction = "Represent the user's input.",
        Judge = "Judge whether the Document meets the requirements";

    /// <summary>Tokens that only the checkpoints of one preset have; the first that is found decides.</summary>
    private static readonly (string Token, string Preset)[] Tokens =
    [
        ("<emb>", "rge"),
        ("<disc_emb>", "ume-r1"),
        ("<gen_emb>", "ume-r1"),
        ("<embedding>", "wemm"),
    ];

    /// <summary>Parts of names that checkpoints are published under, their family and their preset; the longest go first.</summary>
    private static readonly (string Part, ModelFamily Family, string Preset)[] Names =
    [
        ("qwen3-vl-embedding", ModelFamily.Qwen3Vl, "qwen3-vl-embedding"),
        ("qwen3-vl-reranker", ModelFamily.Qwen3Vl, "qwen3-vl-reranker"),
        ("vlm2vec-v2", ModelFamily.Qwen2Vl, "vlm2vec-v2"),
        ("vlm2vec", ModelFamily.Qwen2Vl, "vlm2vec"),
        ("gme-qwen2-vl", ModelFamily.Qwen2Vl, "gme"),
        ("ume-r1", ModelFamily.Qwen2Vl, "ume-r1"),
    ];

    /// <summary>Looks at a folder and at the adapter that is applied to it.</summary>
    /// <remarks>
    /// A preset that the adapter or the folder brings along (<see cref="ModelPreset.FileName"/>) is the one. Without, a folder whose
    /// tokenizer has <c>&lt;emb&gt;</c> is one for <see cref="ModelPreset.Rge"/>, whatever else it has.
    /// </remarks>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">The adapter's folder; <see langword="null"/> for none.</param>
    /// <exception cref="CheckpointException">A file that tells cannot be read.</exception>
    public static PresetRecognition Of(string folder, string? adapter = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Of(folder, adapter, QwenTokenizer.ReadSpecialTokens(ProcessorSources.Resolve(folder, adapter).Tokenizer));
    }

    /// <inheritdoc cref="Of(string, string?)"/>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">The adapter's folder; <see langword="null"/> for none.</param>
    /// <param name="tokens">The special tokens of the two.</param>
    internal static PresetRecognition Of(string folder, string? adapter, IReadOnlyDictionary<string, int> tokens) =>
        ByPresetFile(folder, adapter)
        ?? ByTokens(tokens)
        ?? ByFiles(folder, adapter)
        ?? ByNames(folder, adapter)
        ?? new PresetRecognition(null, "has no token <emb>, no other sign of an embedding checkpoint, and no name of one");

    /// <summary>The preset, which must be one for embeddings.</summary>
    /// <exception cref="EmbeddingException">Nothing tells which it is, or it is a reranker's.</exception>
    public ModelPreset Require() =>
        Preset is null
            ? throw new EmbeddingException(
                "The checkpoint's tokenizer has no <emb> token, so the checkpoint was not trained for reasoning-guided embeddings: "
                    + "take one that was, or add the token and train it. Nor is it recognised as another embedding checkpoint: if it is "
                    + $"one, name its preset, one of {string.Join(", ", ModelPreset.EmbedderNames)} (--preset)."
            )
        : Preset.Score is not null
            ? throw new EmbeddingException(
                $"The checkpoint {Reason}, so it is a reranker, which gives scores and no embeddings (--rerank, --reranker): expected an "
                    + "embedding checkpoint, or its preset (--preset)."
            )
        : Preset;

    /// <summary>The preset, which must be a reranker's.</summary>
    /// <exception cref="CheckpointException">Nothing tells which it is, or it is one for embeddings.</exception>
    internal ModelPreset RequireReranker(string folder) =>
        Preset?.Score is not null
            ? Preset
            : throw new CheckpointException(
                $"{folder} {Reason}, so it is not recognised as a reranker, such as Qwen3-VL-Reranker: if it is one, name its preset "
                    + $"({ModelPreset.Qwen3VlReranker.Name}, or a file)."
            );

    private static PresetRecognition? ByPresetFile(string folder, string? adapter)
    {
        foreach (var place in (string?[])[adapter, folder])
            if (place is not null && Path.Combine(place, ModelPreset.FileName) is var path && File.Exists(path))
                return new PresetRecognition(ModelPreset.Load(path), $"brings the file {ModelPreset.FileName}");
        return null;
    }

    private static PresetRecognition? ByTokens(IReadOnlyDictionary<string, int> tokens)
    {
        foreach (var (token, preset) in Tokens)
            if (tokens.ContainsKey(token))
                return Found(preset, $"has the token {token}");
        return null;
    }

    private static PresetRecognition? ByFiles(string folder, string? adapter)
    {
        if (File.Exists(Path.Combine(folder, EmbeddingTemplate)))
            return Found("wemm", $"has the file {EmbeddingTemplate}");
        if (QwenVlConfig.Load(folder).Family != ModelFamily.Qwen3Vl)
            return null;
        var template = ChatTemplate.Load(ProcessorSources.Resolve(folder, adapter).Template).Source;
        return template.Contains(Judge, StringComparison.Ordinal)
                ? Found("qwen3-vl-reranker", "has a chat template that asks for a judgement")
            : template.Contains(DefaultInstruction, StringComparison.Ordinal)
                ? Found("qwen3-vl-embedding", $"has a chat template with \"{DefaultInstruction}\"")
            : null;
    }

    private static PresetRecognition? ByNames(string folder, string? adapter)
    {
        var family = QwenVlConfig.Load(folder).Family;
        foreach (var (where, name) in NamesOf(folder, adapter))
        foreach (var (part, of, preset) in Names)
            if (of == family && name.Contains(part, StringComparison.OrdinalIgnoreCase))
                return Found(preset, $"is called '{name}' {where}");
        return family == ModelFamily.Qwen3Vl && File.Exists(Path.Combine(folder, SentencePooling))
            ? Found("qwen3-vl-embedding", $"is a Qwen3-VL with the file {SentencePooling}")
            : null;
    }

    /// <summary>The names that a checkpoint has, and where.</summary>
    private static IEnumerable<(string Where, string Name)> NamesOf(string folder, string? adapter)
    {
        if (adapter is not null)
        {
            yield return ("as an adapter's folder", FolderName(adapter));
            if (TextIn(Path.Combine(adapter, "adapter_config.json"), "base_model_name_or_path") is { } named)
                yield return ("in adapter_config.json", named);
        }
        if (TextIn(Path.Combine(folder, QwenVlConfig.FileName), "_name_or_path") is { } original)
            yield return ($"in {QwenVlConfig.FileName}", original);
        yield return ("as a folder", FolderName(folder));
    }

    private static string FolderName(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    private static string? TextIn(string path, string key) =>
        File.Exists(path) ? JsonFile.Read(path, root => root[key].Kind == JsonValueKind.String ? root[key].Text() : null) : null;

    private static PresetRecognition Found(string preset, string reason) => new(ModelPreset.Named(preset), reason);
}
