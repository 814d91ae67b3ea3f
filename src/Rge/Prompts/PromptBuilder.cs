using Rge.Imaging;
using Rge.Models;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>
/// Turns items into token ids, by the checkpoint's chat template where it was trained with one. Immutable and thread-safe.
/// </summary>
public sealed class PromptBuilder(
    QwenVlConfig config,
    QwenVlProcessor processor,
    EmbeddingPooling pooling = EmbeddingPooling.Emb,
    int? maxTokens = null
)
{
    /// <summary>The token that is pooled, as it is written.</summary>
    public const string EmbToken = "<emb>";

    private const string ImagePad = "<|image_pad|>";

    /// <summary>Characters that normalizing may make one of, and then some.</summary>
    private const long Composed = 4;

    private readonly int _longestToken = processor.Tokenizer.LongestToken;

    /// <summary>Id of <see cref="EmbToken"/>; 0 where no prompt has one.</summary>
    public int EmbTokenId { get; } = pooling == EmbeddingPooling.Emb ? FindEmbToken(config, processor) : 0;

    /// <summary>Maximum number of tokens of a prompt.</summary>
    public int MaxTokens { get; } = Math.Min(config.Text.MaxPositionEmbeddings, maxTokens ?? int.MaxValue);

    /// <summary>The prompt of an item up to where the assistant speaks, one image pad an image.</summary>
    public PromptText Text(EmbeddingInput input, IReadOnlyList<ContentPart> content) =>
        pooling == EmbeddingPooling.Emb
            ? processor.Template.Render([
                .. content.Select(part => part is TextPart text ? ChatPart.Text(text.Text, input.AllowSpecialTokens) : ChatPart.Image),
            ])
            : PromptText.Create(
                content.Select(part =>
                    part is TextPart text
                        ? new PromptSegment(text.Text, input.AllowSpecialTokens)
                        : new PromptSegment(ImagePad, IsTrusted: true)
                )
            );

    /// <summary>Builds the prompt of an item.</summary>
    /// <param name="input">The item.</param>
    /// <param name="content">What <see cref="PromptContent.Create"/> made of it.</param>
    /// <param name="grids">The patch grid of each image of the content, in their order.</param>
    /// <param name="reasons">Whether the model continues with a rationale; otherwise the prompt ends in the token that is pooled.</param>
    /// <exception cref="EmbeddingException">A rationale is asked for or given though the last token is pooled, the prompt has places for
    /// a different number of images, or more tokens than are allowed or the checkpoint has positions.</exception>
    public ItemPrompt Build(EmbeddingInput input, IReadOnlyList<ContentPart> content, IReadOnlyList<ImageGrid> grids, bool reasons)
    {
        if (pooling == EmbeddingPooling.LastToken && (reasons || input.Rationale is not null))
            throw new EmbeddingException(
                "The last token is pooled, which leaves no place for a rationale: expected reasoning off and none given."
            );
        int[] imageTokens = [.. grids.Select(grid => grid.MergedPatches(config.Vision.SpatialMergeSize))];
        // Token ids of a text take many times the memory of the text, and are not made of one that is certainly too long.
        var characters = content.OfType<TextPart>().Sum(part => (long)part.Text.Length) + (input.Rationale?.Length ?? 0);
        if (characters > MaxTokens * Composed * _longestToken)
            throw new EmbeddingException(
                $"The item has {characters} characters, which are more than the {MaxTokens} tokens that it may have."
            );
        var text = processor.Tokenizer.Encode(Text(input, content));
        var rationale = input.Rationale is null ? [] : processor.Tokenizer.Encode(input.Rationale, input.AllowSpecialTokens);
        RequireRows(text);
        RequireRows(rationale);
        var ends = !reasons && pooling == EmbeddingPooling.Emb;
        // Counted before pads are expanded: an item may show the same image any number of times.
        var count = text.Length + imageTokens.Sum(tokens => tokens - 1L) + rationale.Length + (ends ? 1 : 0);
        if (count > config.Text.MaxPositionEmbeddings)
            throw new EmbeddingException(
                $"The item has {count} tokens, but the checkpoint has {config.Text.MaxPositionEmbeddings} positions."
            );
        if (count > maxTokens)
            throw new EmbeddingException($"The item has {count} tokens, expected at most {maxTokens}.");
        List<int> ids = [.. Expand(text, imageTokens), .. rationale];
        if (ends)
            ids.Add(EmbTokenId);
        return new ItemPrompt([.. ids], imageTokens.Sum(), rationale);
    }

    /// <summary>A tokenizer may have more tokens than the model, which shows as soon as a text has one of them.</summary>
    private void RequireRows(int[] ids)
    {
        foreach (var id in ids)
            if (id >= config.Text.VocabSize)
                throw new EmbeddingException(
                    $"The item has the token {processor.Tokenizer.Token(id)} with id {id}, but the model's vocabulary has "
                        + $"{config.Text.VocabSize} rows: tokenizer and model do not belong together."
                );
    }

    private int[] Expand(int[] ids, int[] imageTokens)
    {
        try
        {
            return ImagePads.Expand(ids, config.ImageTokenId, config.VideoTokenId, imageTokens);
        }
        catch (ArgumentException e)
        {
            throw new EmbeddingException($"The item's prompt does not fit its images: {e.Message}", e);
        }
    }

    private static int FindEmbToken(QwenVlConfig config, QwenVlProcessor processor)
    {
        if (!processor.Tokenizer.SpecialTokens.TryGetValue(EmbToken, out var id))
            throw new EmbeddingException(
                $"The checkpoint's tokenizer has no {EmbToken} token, so the checkpoint was not trained for reasoning-guided "
                    + "embeddings: take one that was, or add the token and train it."
            );
        if (id >= config.Text.VocabSize)
            throw new EmbeddingException(
                $"{EmbToken} has id {id}, but the model's vocabulary has {config.Text.VocabSize} rows: tokenizer and model do not "
                    + "belong together."
            );
        return id;
    }
}
