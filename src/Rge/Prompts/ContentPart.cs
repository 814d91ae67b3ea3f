using System.Runtime.InteropServices;

namespace Rge.Prompts;

/// <summary>A piece of what the user turn says: text, or one of the item's images.</summary>
/// <param name="Text">The text; empty for an image.</param>
/// <param name="Image">Index of the image among the item's; null for text.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ContentPart(string Text, int? Image = null);
