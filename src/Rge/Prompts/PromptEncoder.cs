using Rge.Models;
using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>Turns the text of a prompt into token ids with room for its images, within the lengths that hold. Thread-safe.</summary>
/// <param name="config">The model's configuration.</param>
/// <param name="tokenizer">The checkpoint's tokenizer.</param>
/// <param name="length">The preset's rule for long prompts.</param>
/// <param name="maxTokens">Longest prompt; null for the checkpoint's positions.</param>
internal sealed class PromptEncoder(QwenVlConfig config, QwenTokenizer tokenizer, PresetLength length, int? maxTokens)
{
    /// <summary>Characters that normalizing may make one of, and then some.</summary>
    private const long Composed = 4;

    private readonly PromptLength _length = new(length, tokenizer.SpecialTokens.Values, config.ImageTokenId);
    private readonly int _longestToken = tokenizer.LongestToken;

    /// <summary>Maximum number of tokens of a prompt.</summary>
    public int MaxTokens { get; } = Math.Min(config.Text.MaxPositionEmbeddings, maxTokens ?? int.MaxValue);

    /// <summary>
    /// Refuses a text that is certainly too long: its token ids would take many times its memory.
    /// </summary>
    /// <exception cref="EmbeddingException">It has too many characters.</exception>
    public void RequireCharacters(long characters)
    {
        if (characters > MaxTokens * Composed * _longestToken)
            throw new EmbeddingException(
                $"The item has {characters} characters, which are more than the {MaxTokens} tokens that it may have."
            );
    }

    /// <summary>Token ids of a text that stands for itself.</summary>
    /// <exception cref="EmbeddingException">The model lacks a row for a token.</exception>
    public int[] Encode(string text, bool allowSpecialTokens)
    {
        var ids = tokenizer.Encode(text, allowSpecialTokens);
        RequireRows(ids);
        return ids;
    }

    /// <summary>Token ids of a prompt, image pads expanded, cut where the preset cuts.</summary>
    /// <param name="prompt">The prompt, one image pad an image.</param>
    /// <param name="imageTokens">Tokens of each image.</param>
    /// <param name="rest">How many tokens follow it.</param>
    /// <exception cref="EmbeddingException">The prompt has places for a different number of images, or too many tokens; or the model lacks
    /// a row for a token.</exception>
    public List<int> Encode(PromptText prompt, int[] imageTokens, int rest = 0)
    {
        var text = tokenizer.Encode(prompt);
        RequireRows(text);
        // Counted before pads are expanded: an item may show the same image any number of times.
        var images = imageTokens.Sum(tokens => (long)tokens);
        var count = text.Length - imageTokens.Length + images;
        RequireCount(count, _length.LeastLeft(count, images), rest);
        var ids = _length.Apply([.. Expand(text, imageTokens)]);
        // Special tokens are not cut, so that more may be left.
        RequireCount(count, ids.Count, rest);
        return ids;
    }

    /// <summary>Refuses a prompt of which too much is left once it is cut.</summary>
    /// <param name="count">Tokens of the prompt.</param>
    /// <param name="left">Those that are left of it.</param>
    /// <param name="rest">How many tokens follow it.</param>
    private void RequireCount(long count, long left, int rest)
    {
        var all = $"The item has {count + rest} tokens{(left < count ? $", {left + rest} of them once it is cut" : "")}";
        if (left + rest > config.Text.MaxPositionEmbeddings)
            throw new EmbeddingException($"{all}, but the checkpoint has {config.Text.MaxPositionEmbeddings} positions.");
        if (left + rest > maxTokens)
            throw new EmbeddingException($"{all}, expected at most {maxTokens}.");
    }

    /// <summary>A tokenizer may have more tokens than the model, which shows as soon as a text has one of them.</summary>
    private void RequireRows(int[] ids)
    {
        foreach (var id in ids)
            if (id >= config.Text.VocabSize)
                throw new EmbeddingException(
                    $"The item has the token {tokenizer.Token(id)} with id {id}, but the model's vocabulary has "
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
}
