using System.CommandLine;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Writes the examples of a command. For a command without examples, states where to find them.</summary>
    public static void Write(Command command, TextWriter output)
    {
        if (command is ExampleCommand documented)
        {
            output.WriteLine("Examples:");
            Array.ForEach(documented.Examples, example => output.WriteLine($"  {example}"));
        }
        else
        {
            output.WriteLine("mistral COMMAND --help lists the options of a command, with examples.");
        }
    }

    private string[] Examples => examples;
}
