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
    public PromptText Text(EmbeddingInput input, IReadOnlyList<ContentPart> content)
    {
        var text = PromptText.Empty.Trusted("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n");
        foreach (var part in content)
            text = part.Image is null ? text.Append(new PromptSegment(part.Text, input.AllowSpecialTokens)) : text.Trusted("<|vision_start|><|image_pad|><|vision_end|>");
        return text.Trusted("<|im_end|>\n<|im_start|>assistant\n");
    }

    /// <summary>Builds the prompt of an item.</summary>
    /// <param name="input">The item.</param>
    /// <param name="content">What <see cref="PromptContent.Of"/> made of it.</param>
    /// <param name="grids">The patch grid of each of the item's images.</param>
    /// <param name="reasons">Whether the model goes on with a rationale; otherwise the prompt ends in <c>&lt;emb&gt;</c>.</param>
    /// <exception cref="EmbeddingException">The prompt has places for another number of images, or more tokens than the checkpoint has positions.</exception>
    public ItemPrompt Build(EmbeddingInput input, IReadOnlyList<ContentPart> content, IReadOnlyList<ImageGrid> grids, bool reasons)
    {
        var ids = new List<int>();
        var images = content.Where(part => part.Image is not null).Select(part => grids[part.Image!.Value]).ToArray();
        var image = 0;
        foreach (var id in processor.Tokenizer.Encode(Text(input, content)))
        {
            if (id != config.ImageTokenId) ids.Add(id);
            else if (image < images.Length) ids.AddRange(Enumerable.Repeat(id, images[image++].MergedPatches(config.Vision.SpatialMergeSize)));
            else throw new EmbeddingException($"The item's text has image tokens of its own beside its {images.Length} images.");
        }
        if (image < images.Length) throw new EmbeddingException($"The chat template shows {image} of the item's {images.Length} images.");
        var rationale = input.Rationale is null ? [] : processor.Tokenizer.Encode(input.Rationale, input.AllowSpecialTokens);
        ids.AddRange(rationale);
        if (!reasons) ids.Add(EmbTokenId);
        if (ids.Count > config.Text.MaxPositionEmbeddings)
            throw new EmbeddingException($"The item has {ids.Count} tokens, but the checkpoint has {config.Text.MaxPositionEmbeddings} positions.");
        return new ItemPrompt([.. ids], images.Sum(grid => grid.MergedPatches(config.Vision.SpatialMergeSize)), rationale);
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
