using System.Globalization;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>The commands within <c>mistral chat</c>: lines that begin with /.</summary>
internal sealed class SlashCommands(LoadedModel loaded, ChatSession conversation, Narrator narrator)
{
    private const string Help = """"
        /help          lists these commands
        /system TEXT   starts a new conversation with TEXT as the system message
        /history       shows the conversation so far
        /drop [N]      forgets the oldest turn, or the oldest N
        /lora [N]      lists the adapters; with a number switches one and forgets the conversation
        /reset         forgets the conversation
        /exit          ends the chat, as does the end of input
        A line that ends in \ continues on the next, as does all text between """ and """; Alt-Enter also begins a new line.
        Pasted text is one turn. Ctrl-C stops an answer; at the prompt it ends the chat.
        """";

    private Terminal Terminal => narrator.Terminal;

    public void Obey(string line)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        switch (parts[0])
        {
            case "/help":
                Terminal.Error.WriteLine(Help);
                break;
            case "/reset":
                conversation.Reset();
                narrator.Say($"conversation forgotten");
                break;
            case "/system":
                conversation.Reset(parts.Length > 1 ? parts[1] : "");
                narrator.Say($"new conversation");
                break;
            case "/history":
                foreach (var message in conversation.Messages)
                {
                    Terminal.Error.WriteLine($"{message.Role}: {message.Content}");
                }

                break;
            case "/drop":
                Drop(parts.Length > 1 ? parts[1] : "1");
                break;
            case "/lora":
                SwitchAdapter(parts.Length > 1 ? parts[1] : "");
                break;
            default:
                Terminal.Error.WriteLine($"no command {parts[0]}; /help lists them");
                break;
        }
    }

    private void SwitchAdapter(string number)
    {
        var adapters = loaded.Language.Info.Adapters;
        List<string> on = [.. conversation.Adapters ?? adapters];
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int chosen)
            && chosen >= 1 && chosen <= adapters.Count)
        {
            if (!on.Remove(adapters[chosen - 1]))
            {
                on.Add(adapters[chosen - 1]);
            }

            conversation.Adapters = on;
            conversation.Reset();
        }

        for (int i = 0; i < adapters.Count; i++)
        {
            Terminal.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture, $"{i + 1} {(on.Contains(adapters[i]) ? "on " : "off")} {adapters[i]}"));
        }
    }

    private void Drop(string number)
    {
        if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int turns)
            && turns >= 1 && turns <= conversation.TurnCount)
        {
            conversation.Drop(turns);
            narrator.Say($"dropped {turns}, {conversation.TurnCount} kept");
        }
        else
        {
            Terminal.Error.WriteLine(FormattableString.Invariant(
                $"/drop: found '{number}', expected from 1 to {conversation.TurnCount}, the number of turns so far"));
        }
    }
}
