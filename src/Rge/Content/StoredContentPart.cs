namespace Rge;

/// <summary>A <see cref="ContentPart"/> as it is stored in JSON: one of the two.</summary>
internal sealed record StoredContentPart(string? Text, ImageSource? Image);
