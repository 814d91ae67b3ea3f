namespace Rge.Text;

/// <summary>Makes room for images in the ids of a prompt.</summary>
public static class ImagePads
{
    /// <summary>Repeats each image token as often as its image has merged patches.</summary>
    /// <param name="ids">The ids of a prompt with one image token for each image.</param>
    /// <param name="imagePad">Id of the image token.</param>
    /// <param name="videoPad">Id of the video token, which must not occur.</param>
    /// <param name="counts">Merged patches of each image, in order of appearance; at least 1.</param>
    /// <exception cref="ArgumentException">The numbers of image tokens and images differ, or there is a video token.</exception>
    public static int[] Expand(IReadOnlyList<int> ids, int imagePad, int videoPad, IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(counts);
        if (ids.Contains(videoPad))
            throw new ArgumentException("The prompt has a video token, and videos are not supported.", nameof(ids));
        if (ids.Count(id => id == imagePad) is var pads && pads != counts.Count)
            throw new ArgumentException($"The prompt has {pads} image tokens for {counts.Count} images.", nameof(ids));
        if (counts.FirstOrDefault(count => count < 1, 1) is var odd && odd < 1)
            throw new ArgumentException($"An image has {odd} merged patches, expected at least 1.", nameof(counts));

        var expanded = new List<int>(ids.Count + counts.Sum());
        var image = 0;
        foreach (var id in ids)
            if (id == imagePad)
                expanded.AddRange(Enumerable.Repeat(id, counts[image++]));
            else
                expanded.Add(id);
        return [.. expanded];
    }
}
