namespace Rge.Imaging;

/// <summary>One of the resizes that an image goes through before it is cut into patches. Immutable.</summary>
public abstract record ResizeStep
{
    private protected ResizeStep() { }
}

/// <summary>An image with a side below a length becomes a square; others stay as they are.</summary>
/// <param name="Below">The length in pixels, at least 1.</param>
/// <param name="Side">Side of the square in pixels, at least 1.</param>
public sealed record SquareStep(int Below, int Side) : ResizeStep;

/// <summary>Sides become multiples of a merged patch, and the area is fitted between two limits.</summary>
/// <param name="Rule">How sides are rounded.</param>
/// <param name="MinTokens">Smallest area in merged patches, which are image tokens; at least 1.</param>
/// <param name="MaxTokens">Largest area in merged patches, at least <paramref name="MinTokens"/>.</param>
public sealed record FitStep(SizeRule Rule, int MinTokens, int MaxTokens) : ResizeStep;
