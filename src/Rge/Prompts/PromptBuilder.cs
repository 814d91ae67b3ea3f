using Rge.Imaging;
using Rge.Models;
using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>Turns items into token ids, in the way of a preset. Immutable and thread-safe.</summary>
public sealed class PromptBuilder
{
    /// <summary>The token that is pooled in reasoning-guided embedding, as it is written.</summary>
    public const string EmbToken = "<emb>";

    /// <summary>Characters that normalizing may make one of, and then some.</summary>
    private const long Composed = 4;

    /// <summary>The tokens with which Qwen models end what they say.</summary>
    private static readonly string[] EndTokens = ["<|im_end|>", "<|endoftext|>"];

    private readonly QwenVlConfig _config;
    private readonly QwenTokenizer _tokenizer;
    private readonly IPromptLayout _layout;
    private readonly PromptLength _length;
    private readonly int? _maxTokens;
    private readonly int _longestToken;

    /// <summary>Creates a builder.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="processor">The checkpoint's tokenizer and chat template.</param>
    /// <param name="preset">How prompts look; <see langword="null"/> for <see cref="ModelPreset.Rge"/>.</param>
    /// <param name="maxTokens">Longest prompt; <see langword="null"/> for the checkpoint's positions.</param>
    /// <exception cref="EmbeddingException">The checkpoint has no such token as the preset pools.</exception>
    public PromptBuilder(QwenVlConfig config, QwenVlProcessor processor, ModelPreset? preset = null, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(processor);
        (_config, _tokenizer, _maxTokens, Preset) = (config, processor.Tokenizer, maxTokens, preset ?? ModelPreset.Rge);
        _layout = Preset.Prompt.Template is null ? new PatternLayout(Preset) : new TemplateLayout(Preset, processor.Template);
        _length = new PromptLength(Preset.Length, _tokenizer.SpecialTokens.Values, config.ImageTokenId);
        _longestToken = _tokenizer.LongestToken;
        EmbTokenId = Preset.Pooling.Token is { } token ? Find(token) : 0;
        EndOfTurn = Preset.Reasoning.EndsWithTurn
            ? [.. EndTokens.Where(_tokenizer.SpecialTokens.ContainsKey).Select(end => _tokenizer.SpecialTokens[end])]
            : [];
    }

    /// <summary>How prompts look.</summary>
    public ModelPreset Preset { get; }

    /// <summary>Id of the token that is pooled, <see cref="EmbToken"/> unless the preset names another; 0 where it names none.</summary>
    public int EmbTokenId { get; }

    /// <summary>Ids of the tokens that end a rationale in place of the pooled one; empty where that ends it.</summary>
    public IReadOnlyCollection<int> EndOfTurn { get; }

    /// <summary>Maximum number of tokens of a prompt.</summary>
    public int MaxTokens => Math.Min(_config.Text.MaxPositionEmbeddings, _maxTokens ?? int.MaxValue);

    /// <summary>What the model is shown of an item, in the order of the prompt.</summary>
    /// <exception cref="EmbeddingException">The item is empty, or has what the preset has no place for.</exception>
    public IReadOnlyList<ContentPart> Content(EmbeddingInput input) => _layout.Content(input);

    /// <summary>The prompt of an item up to where the assistant speaks, one image pad an image.</summary>
    /// <inheritdoc cref="Content" path="/exception"/>
    public PromptText Text(EmbeddingInput input) => _layout.Render(input);

    /// <summary>Builds the prompt of an item.</summary>
    /// <param name="input">The item.</param>
    /// <param name="grids">The patch grid of each of its images, in their order.</param>
    /// <param name="reasons">Whether the model continues with a rationale; otherwise the prompt has the token that is pooled.</param>
    /// <exception cref="EmbeddingException">The item is empty or has what the preset has no place for, such as a rationale; the prompt has
    /// places for a different number of images, or more tokens than are allowed or the checkpoint has positions.</exception>
    public ItemPrompt Build(EmbeddingInput input, IReadOnlyList<ImageGrid> grids, bool reasons)
    {
        ArgumentNullException.ThrowIfNull(input);
        RequirePlaceForRationale(input, reasons);
        int[] imageTokens = [.. grids.Select(grid => grid.MergedPatches(_config.Vision.SpatialMergeSize))];
        RequireLength(input);
        var text = _tokenizer.Encode(Text(input));
        var rationale = input.Rationale is null ? [] : _tokenizer.Encode(input.Rationale, input.AllowSpecialTokens);
        RequireRows(text);
        RequireRows(rationale);
        int[] end = !reasons && EndsInPooledToken(rationale) ? [EmbTokenId] : [];
        // Counted before pads are expanded: an item may show the same image any number of times.
        RequireCount(text.Length + imageTokens.Sum(tokens => tokens - 1L) + rationale.Length + end.Length);
        List<int> prompt = [.. _length.Apply([.. Expand(text, imageTokens)]), .. rationale, .. end];
        return new ItemPrompt([.. prompt], imageTokens.Sum(), rationale)
        {
            PooledIndex = Preset.Pooling.Kind == PoolingKind.LastToken || reasons ? prompt.Count - 1 : PooledIndex(prompt),
        };
    }

    private void RequirePlaceForRationale(EmbeddingInput input, bool reasons)
    {
        if (Preset.Pooling.Kind == PoolingKind.LastToken && (reasons || input.Rationale is not null))
            throw new EmbeddingException(
                "The last token is pooled, which leaves no place for a rationale: expected reasoning off and none given."
            );
        if (Preset.Pooling.Kind == PoolingKind.PromptToken && (reasons || input.Rationale is not null))
            throw new EmbeddingException(
                $"The preset {Preset.Name} has no place for a rationale: expected reasoning off and none given."
            );
        if (Preset.Reasoning.Items == ReasoningItems.All && !reasons && input.Rationale is null)
            throw new EmbeddingException($"With the preset {Preset.Name} every item writes a rationale: expected reasoning on, or one given.");
    }

    /// <summary>Token ids of a text take many times the memory of the text, and are not made of one that is certainly too long.</summary>
    private void RequireLength(EmbeddingInput input)
    {
        var characters = Content(input).OfType<TextPart>().Sum(part => (long)part.Text.Length) + (input.Rationale?.Length ?? 0);
        if (characters > MaxTokens * Composed * _longestToken)
            throw new EmbeddingException(
                $"The item has {characters} characters, which are more than the {MaxTokens} tokens that it may have."
            );
    }

    /// <summary>A prompt that the preset cuts may be longer before; what is left must fit.</summary>
    private void RequireCount(long count)
    {
        if (Preset.Length is { WhenLonger: not LongPrompt.Refuse, MaxTokens: { } cut })
            count = Math.Min(count, cut + Preset.Length.KeptEnd);
        if (count > _config.Text.MaxPositionEmbeddings)
            throw new EmbeddingException(
                $"The item has {count} tokens, but the checkpoint has {_config.Text.MaxPositionEmbeddings} positions."
            );
        if (count > _maxTokens)
            throw new EmbeddingException($"The item has {count} tokens, expected at most {_maxTokens}.");
    }

    /// <summary>Whether the token that is pooled goes after the prompt: always where it ends the rationale, else where that has none.</summary>
    private bool EndsInPooledToken(int[] rationale) =>
        Preset.Pooling.Kind == PoolingKind.WrittenToken && !(Preset.Reasoning.EndsWithTurn && rationale.Contains(EmbTokenId));

    private int PooledIndex(List<int> prompt)
    {
        var index = prompt.LastIndexOf(EmbTokenId);
        if (index < 0)
            throw new EmbeddingException(
                $"The prompt has no {Preset.Pooling.Token}, which the preset {Preset.Name} pools: the item may be too long, or the chat "
                    + "template another than the preset expects."
            );
        return prompt.LastIndexOf(_config.ImageTokenId) < index
            ? index
            : throw new EmbeddingException(
                $"An image comes after {Preset.Pooling.Token}, which the preset {Preset.Name} pools: expected it before."
            );
    }

    /// <summary>A tokenizer may have more tokens than the model, which shows as soon as a text has one of them.</summary>
    private void RequireRows(int[] ids)
    {
        foreach (var id in ids)
            if (id >= _config.Text.VocabSize)
                throw new EmbeddingException(
                    $"The item has the token {_tokenizer.Token(id)} with id {id}, but the model's vocabulary has "
                        + $"{_config.Text.VocabSize} rows: tokenizer and model do not belong together."
                );
    }

    private int[] Expand(int[] ids, int[] imageTokens)
    {
        try
        {
            return ImagePads.Expand(ids, _config.ImageTokenId, _config.VideoTokenId, imageTokens);
        }
        catch (ArgumentException e)
        {
            throw new EmbeddingException($"The item's prompt does not fit its images: {e.Message}", e);
        }
    }

    private int Find(string token)
    {
        if (!_tokenizer.SpecialTokens.TryGetValue(token, out var id))
            throw new EmbeddingException(
                token == EmbToken
                    ? $"The checkpoint's tokenizer has no {EmbToken} token, so the checkpoint was not trained for reasoning-guided "
                        + "embeddings: take one that was, or add the token and train it."
                    : $"The checkpoint's tokenizer has no {token} token, which the preset {Preset.Name} pools: expected a checkpoint that "
                        + "the preset is for."
            );
        if (id >= _config.Text.VocabSize)
            throw new EmbeddingException(
                $"{token} has id {id}, but the model's vocabulary has {_config.Text.VocabSize} rows: tokenizer and model do not "
                    + "belong together."
            );
        return id;
    }
}
