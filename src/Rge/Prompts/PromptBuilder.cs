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

    /// <summary>The tokens with which Qwen models end what they say.</summary>
    private static readonly string[] EndTokens = ["<|im_end|>", "<|endoftext|>"];

    private readonly QwenVlConfig _config;
    private readonly QwenTokenizer _tokenizer;
    private readonly IPromptLayout _layout;
    private readonly PromptEncoder _encoder;

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
        (_config, _tokenizer, Preset) = (config, processor.Tokenizer, preset ?? ModelPreset.Rge);
        _layout = Preset.Prompt.Template is null ? new PatternLayout(Preset) : new TemplateLayout(Preset, processor.Template);
        _encoder = new PromptEncoder(config, _tokenizer, Preset.Length, maxTokens);
        EmbTokenId = Preset.Pooling.Token is { } token ? Find(token) : 0;
        EndOfTurn =
            Preset.Pooling.Kind == PoolingKind.BeforeToken ? [EmbTokenId]
            : Preset.Reasoning.EndsWithTurn
                ? [.. EndTokens.Where(_tokenizer.SpecialTokens.ContainsKey).Select(end => _tokenizer.SpecialTokens[end])]
            : [];
    }

    /// <summary>How prompts look.</summary>
    public ModelPreset Preset { get; }

    /// <summary>Id of the token that is pooled, <see cref="EmbToken"/> unless the preset names another; 0 where it names none.</summary>
    public int EmbTokenId { get; }

    /// <summary>Whether the model reads the pooled token after a prompt or rationale.</summary>
    public bool ReadsEmb => Preset.Pooling.Kind == PoolingKind.WrittenToken;

    /// <summary>As <see cref="DecodeRequest.EndOfTurn"/>.</summary>
    public IReadOnlyCollection<int> EndOfTurn { get; }

    /// <summary>Maximum number of tokens of a prompt.</summary>
    public int MaxTokens => _encoder.MaxTokens;

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
        var characters = Content(input).OfType<TextPart>().Sum(part => (long)part.Text.Length) + (input.Rationale?.Length ?? 0);
        _encoder.RequireCharacters(characters);
        int[] rationale = input.Rationale is { } given ? _encoder.Encode(given, input.AllowSpecialTokens) : [];
        int[] end = !reasons && EndsInPooledToken(rationale) ? [EmbTokenId] : [];
        List<int> prompt = [.. _encoder.Encode(Text(input), imageTokens, rationale.Length + end.Length), .. rationale, .. end];
        return new ItemPrompt([.. prompt], imageTokens.Sum(), rationale)
        {
            PooledIndex =
                reasons || Preset.Pooling.Kind is PoolingKind.LastToken or PoolingKind.BeforeToken ? prompt.Count - 1 : PooledIndex(prompt),
        };
    }

    private void RequirePlaceForRationale(EmbeddingInput input, bool reasons)
    {
        if (Preset.Reasoning.Items == ReasoningItems.None && (reasons || input.Rationale is not null))
            throw new EmbeddingException(
                Preset.Pooling.Kind == PoolingKind.LastToken
                    ? "The last token is pooled, which leaves no place for a rationale: expected reasoning off and none given."
                    : $"The preset {Preset.Name} has no place for a rationale: expected reasoning off and none given."
            );
        if (Preset.Reasoning.Items == ReasoningItems.All && !reasons && input.Rationale is null)
            throw new EmbeddingException(
                $"With the preset {Preset.Name} every item writes a rationale: expected reasoning on, or one given."
            );
    }

    /// <summary>Whether the pooled token goes after the prompt: always where it ends the rationale, else where that has none.</summary>
    private bool EndsInPooledToken(int[] rationale) => ReadsEmb && !(Preset.Reasoning.EndsWithTurn && rationale.Contains(EmbTokenId));

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
