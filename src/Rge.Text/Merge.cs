namespace Rge.Text;

/// <summary>Two tokens that byte-pair encoding joins into one: their spellings, their ids and the id of the result.</summary>
internal readonly record struct Merge(string Left, string Right, int LeftId, int RightId, int WholeId);
