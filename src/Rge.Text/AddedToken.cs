namespace Rge.Text;

/// <summary>A token that is found in text as it stands, before any splitting.</summary>
/// <param name="Content">The text it stands for.</param>
/// <param name="Id">Its id.</param>
/// <param name="Special">True for control tokens, which decoding can leave out.</param>
internal sealed record AddedToken(string Content, int Id, bool Special = true);
