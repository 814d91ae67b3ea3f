using Rge.Presets;

namespace Rge.Prompts;

/// <summary>Holds prompts to the length that a preset gives them. Immutable and thread-safe.</summary>
/// <param name="rule">The preset's rule.</param>
/// <param name="specialIds">Ids of all special tokens.</param>
/// <param name="imageId">Id of the image pad.</param>
internal sealed class PromptLength(PresetLength rule, IEnumerable<int> specialIds, int imageId)
{
    private readonly HashSet<int> _special = [.. specialIds];

    /// <summary>How many tokens are left of a prompt at the least; <see cref="LongPrompt.CutOrdinary"/> may leave more.</summary>
    /// <param name="count">Tokens of the prompt, images included.</param>
    /// <param name="imageTokens">Those of them that are images'.</param>
    /// <exception cref="EmbeddingException">It is too long and is not to be cut, or its images alone are.</exception>
    public long LeastLeft(long count, long imageTokens)
    {
        if (rule.MaxTokens is not { } most || count <= most)
            return count;
        if (rule.WhenLonger == LongPrompt.Refuse)
            throw new EmbeddingException($"The item has {count} tokens, expected at most {most}.");
        return imageTokens <= most ? Math.Min(count, most + rule.KeptEnd) : throw ImagesAreBeyond(count, most);
    }

    /// <summary>The prompt, cut where it is too long and the preset cuts.</summary>
    /// <param name="ids">Token ids, image pads expanded, of a prompt that <see cref="LeastLeft"/> accepts.</param>
    /// <exception cref="EmbeddingException">An image would be cut.</exception>
    public List<int> Apply(List<int> ids)
    {
        if (rule.MaxTokens is not { } most || ids.Count <= most)
            return ids;
        var cut = rule.WhenLonger == LongPrompt.CutEnd ? ids[..most] : WithoutOrdinary(ids, most);
        return cut.Count(id => id == imageId) == ids.Count(id => id == imageId) ? cut : throw ImagesAreBeyond(ids.Count, most);
    }

    private static EmbeddingException ImagesAreBeyond(long count, int most) =>
        new(
            $"The item has {count} tokens, of which {most} are read, and its images are beyond them: give fewer or smaller images, or "
                + "less text before them."
        );

    /// <summary>As the reference: the end is set aside, the rest is cut to the whole length, and the end is put back.</summary>
    private List<int> WithoutOrdinary(List<int> ids, int most)
    {
        var body = ids[..Math.Max(ids.Count - rule.KeptEnd, 0)];
        if (body.Count <= most)
            return ids;
        var room = most - body.Count(_special.Contains);
        return [.. body.Where(id => _special.Contains(id) || room-- > 0), .. ids[body.Count..]];
    }
}
