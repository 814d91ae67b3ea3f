using Rge.Imaging;
using Rge.Models;
using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>Turns a reranker's pairs into token ids, in the way of a preset. Immutable and thread-safe.</summary>
internal sealed class PairPrompts
{
    private readonly QwenVlConfig _config;
    private readonly PatternLayout _layout;
    private readonly PromptEncoder _encoder;
    private readonly bool _queryIsFirst;

    /// <param name="config">The model's configuration.</param>
    /// <param name="processor">The checkpoint's tokenizer.</param>
    /// <param name="preset">A reranker's preset.</param>
    /// <param name="maxTokens">Longest prompt; null for the checkpoint's positions.</param>
    public PairPrompts(QwenVlConfig config, QwenVlProcessor processor, ModelPreset preset, int? maxTokens)
    {
        (_config, Preset, _layout) = (config, preset, new PatternLayout(preset));
        _encoder = new PromptEncoder(config, processor.Tokenizer, preset.Length, maxTokens);
        _queryIsFirst =
            preset.Prompt.Pattern.Pieces.First(piece => piece.Slot is PromptSlot.Query or PromptSlot.Document).Slot == PromptSlot.Query;
    }

    /// <summary>How prompts look.</summary>
    public ModelPreset Preset { get; }

    /// <summary>Maximum number of tokens of a prompt.</summary>
    public int MaxTokens => _encoder.MaxTokens;

    /// <summary>Images of a pair in the order of the prompt.</summary>
    public IEnumerable<T> InOrder<T>(IEnumerable<T> ofQuery, IEnumerable<T> ofDocument) =>
        _queryIsFirst ? ofQuery.Concat(ofDocument) : ofDocument.Concat(ofQuery);

    /// <summary>The prompt of a pair, one image pad an image.</summary>
    public PromptText Text(EmbeddingInput query, EmbeddingInput document) => _layout.Render(query, document, query.Instruction);

    /// <summary>Builds the prompt of a pair.</summary>
    /// <param name="query">The query, with its instruction.</param>
    /// <param name="document">The document.</param>
    /// <param name="grids">The patch grids of the images, <see cref="InOrder"/>.</param>
    /// <exception cref="EmbeddingException">The pair is too long.</exception>
    public int[] Build(EmbeddingInput query, EmbeddingInput document, IReadOnlyList<ImageGrid> grids)
    {
        var characters = query.Content.Concat(document.Content).OfType<TextPart>().Sum(part => (long)part.Text.Length);
        _encoder.RequireCharacters(characters + (query.Instruction?.Length ?? 0));
        int[] imageTokens = [.. grids.Select(grid => grid.MergedPatches(_config.Vision.SpatialMergeSize))];
        return [.. _encoder.Encode(Text(query, document), imageTokens)];
    }
}
