using Rge.Models;
using Rge.Models.Tokens;

namespace Rge.Prompts;

/// <summary>Turns items into token ids by the checkpoint's chat template. Immutable and thread-safe.</summary>
internal sealed class PromptBuilder(QwenVlConfig config, QwenVlProcessor processor)
{
    /// <summary>The token that is pooled, as it is written.</summary>
    public const string EmbToken = "<emb>";

    /// <summary>Id of <see cref="EmbToken"/>.</summary>
    public int EmbTokenId { get; } = FindEmbToken(config, processor);

    /// <summary>The prompt of an item up to where the assistant speaks, one image pad an image.</summary>
    public PromptText Text(EmbeddingInput input, IReadOnlyList<ContentPart> content) =>
        processor.Template.Render([.. content.Select(part => part.Image is null ? ChatPart.Text(part.Text, input.AllowSpecialTokens) : ChatPart.Image)]);

    /// <summary>Builds the prompt of an item.</summary>
    /// <param name="input">The item.</param>
    /// <param name="content">What <see cref="PromptContent.Of"/> made of it.</param>
    /// <param name="grids">The patch grid of each of the item's images.</param>
    /// <param name="reasons">Whether the model goes on with a rationale; otherwise the prompt ends in <c>&lt;emb&gt;</c>.</param>
    /// <exception cref="EmbeddingException">The prompt has places for another number of images, or more tokens than the checkpoint has positions.</exception>
    public ItemPrompt Build(EmbeddingInput input, IReadOnlyList<ContentPart> content, IReadOnlyList<ImageGrid> grids, bool reasons)
    {
        int[] imageTokens = [.. content.Where(part => part.Image is not null).Select(part => grids[part.Image!.Value].MergedPatches(config.Vision.SpatialMergeSize))];
        var ids = new List<int>(Expand(processor.Tokenizer.Encode(Text(input, content)), imageTokens));
        var rationale = input.Rationale is null ? [] : processor.Tokenizer.Encode(input.Rationale, input.AllowSpecialTokens);
        ids.AddRange(rationale);
        if (!reasons) ids.Add(EmbTokenId);
        if (ids.Count > config.Text.MaxPositionEmbeddings)
            throw new EmbeddingException($"The item has {ids.Count} tokens, but the checkpoint has {config.Text.MaxPositionEmbeddings} positions.");
        return new ItemPrompt([.. ids], imageTokens.Sum(), rationale);
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
            throw new EmbeddingException($"The checkpoint's tokenizer has no {EmbToken} token, so the checkpoint was not trained for reasoning-guided embeddings: take one that was, or add the token and train it.");
        if (id >= config.Text.VocabSize)
            throw new EmbeddingException($"{EmbToken} has id {id}, but the model's vocabulary has {config.Text.VocabSize} rows: tokenizer and model do not belong together.");
        return id;
    }
}
