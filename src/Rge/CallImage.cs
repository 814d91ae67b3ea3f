using Rge.Decoding;
using Rge.Imaging;

namespace Rge;

/// <summary>A distinct image of one call: decoded when the first item asks for it, freed when the last one is done with it. Thread-safe.</summary>
internal sealed class CallImage
{
    private readonly Lazy<(SharedImage Shared, ImageGrid Grid)> _image;
    private int _uses;

    /// <param name="source">Where it comes from.</param>
    /// <param name="key">Tells its content from that of others.</param>
    /// <param name="uses">How often the call's prompts show it.</param>
    /// <param name="processor">Cuts it.</param>
    /// <param name="limits">What it may cost.</param>
    /// <param name="maxTokens">Most image tokens that a prompt has room for.</param>
    /// <param name="memory">Where images of past calls are, and this one will be; null for none.</param>
    public CallImage(ImageSource source, object key, int uses, ImageProcessor processor, ImageLimits limits, int maxTokens, ImageMemory? memory)
    {
        _uses = uses;
        _image = new(() =>
        {
            if (memory is not null && memory.TryTake(key, uses, out var known, out var grid)) return (known, grid);
            var patches = source.Load(processor, limits, maxTokens);
            var image = new SharedImage(patches, memory is null ? uses : uses + 1);
            memory?.Add(key, image, patches.Grid);
            return (image, patches.Grid);
        });
    }

    /// <summary>The patch grid; decodes the image when nobody has so far.</summary>
    /// <exception cref="ImageInputException">The image cannot be used.</exception>
    public ImageGrid Grid => _image.Value.Grid;

    /// <summary>One use, handed over.</summary>
    public SharedImage Take()
    {
        Interlocked.Decrement(ref _uses);
        return _image.Value.Shared;
    }

    /// <summary>Gives back the uses that nobody took: the call has ended early.</summary>
    public void ReleaseRest()
    {
        var rest = Interlocked.Exchange(ref _uses, 0);
        if (rest > 0 && _image.IsValueCreated) _image.Value.Shared.Release(rest);
    }
}
