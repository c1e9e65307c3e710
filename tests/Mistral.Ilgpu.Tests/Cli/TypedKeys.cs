using Mistral.Ilgpu.Cli.Editing;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>
/// A keyboard that types a text as a terminal would send it, each character a key. .NET's console passes on unknown sequences in
/// that way.
/// </summary>
/// <param name="text">\r is Enter, \e\r Alt-Enter, \x7f Backspace, \x01 … \x1a Ctrl-A … Ctrl-Z, ↑ ↓ ← → the arrows.</param>
internal sealed class TypedKeys(string text, int width = 40, int height = 10) : IKeyboard
{
    private int _at;

    public bool MarksPastes { get; init; } = true;

    /// <summary>Called before each key is read: all before it has been shown.</summary>
    public Action OnRead { get; init; } = () => { };

    public bool HasMore => _at < text.Length;

    public int Width => width;

    public int Height => height;

    public ConsoleKeyInfo Read()
    {
        OnRead();
        if (text[_at] == '\e' && _at + 1 < text.Length && text[_at + 1] == '\r')
        {
            _at += 2;
            return new ConsoleKeyInfo('\r', ConsoleKey.Enter, shift: false, alt: true, control: false);
        }

        char character = text[_at++];
        return character switch
        {
            '\r' => Key('\r', ConsoleKey.Enter),
            '\e' => Key('\e', ConsoleKey.Escape),
            '\x7f' => Key('\x7f', ConsoleKey.Backspace),
            '↑' => Key('\0', ConsoleKey.UpArrow),
            '↓' => Key('\0', ConsoleKey.DownArrow),
            '←' => Key('\0', ConsoleKey.LeftArrow),
            '→' => Key('\0', ConsoleKey.RightArrow),
            < ' ' and not '\n' and not '\t' =>
                new ConsoleKeyInfo(character, ConsoleKey.A + (character - 1), shift: false, alt: false, control: true),
            _ => Key(character, ConsoleKey.None),
        };
    }

    private static ConsoleKeyInfo Key(char character, ConsoleKey key) =>
        new(character, key, shift: false, alt: false, control: false);
}
