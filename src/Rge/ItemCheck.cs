namespace Rge;

/// <summary>Refuses what no item can have, before a call relies on it.</summary>
internal static class ItemCheck
{
    /// <summary>The item.</summary>
    /// <param name="input">The item.</param>
    /// <param name="what">What it is called in errors, such as "item".</param>
    /// <exception cref="EmbeddingException">It is null, or has what no item can have.</exception>
    public static EmbeddingInput Checked(EmbeddingInput? input, string what)
    {
        if (input is null)
            throw new EmbeddingException($"The {what} is null, expected an EmbeddingInput.");
        if (input.Images.ToList().FindIndex(image => image is null) is >= 0 and var index)
            throw new EmbeddingException($"Images[{index}] of the {what} is null, expected an image.");
        if (input.Content.ToList().FindIndex(part => part is null or TextPart { Text: null }) is >= 0 and var place)
            throw new EmbeddingException($"Content[{place}] of the {what} is null, expected a text or an image.");
        if (!Enum.IsDefined(input.Role))
            throw new EmbeddingException(
                $"The {what}'s role is {input.Role}, expected {nameof(ItemRole.Query)} or {nameof(ItemRole.Target)}."
            );
        return input.Reasoning is { } mode && !Enum.IsDefined(mode)
            ? throw new EmbeddingException(
                $"The {what}'s reasoning is {mode}, expected {nameof(ReasoningMode.On)}, {nameof(ReasoningMode.Auto)} or "
                    + $"{nameof(ReasoningMode.Off)}."
            )
            : input;
    }
}
