using Spectre.Console;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Writes tables to standard output, in a form that other programs can read.</summary>
internal static class TextTable
{
    public static void Write(Terminal terminal, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading)) { Padding = new Padding(0, 0, 2, 0) });
        }

        table.ShowHeaders = headings.Any(heading => heading.Length > 0);
        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = terminal.Width;
        console.Write(table);
        // All cells are padded to the column's width, so the spaces after the last one are removed.
        foreach (string line in text.ToString().TrimEnd().Split('\n'))
        {
            terminal.Out.Write(line.TrimEnd() + "\n");
        }
    }
}
