namespace Rge.Server.Answers;

/// <summary>Tokens read, of text and of images.</summary>
internal sealed record CohereUnits(int InputTokens, int ImageTokens);
