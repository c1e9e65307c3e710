using Mistral.Ilgpu.Kernels.Tests;
using OpenQA.Selenium;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>The page on screens of several sizes, for keys, and with the built-in model behind it.</summary>
[Collection(nameof(ChatBrowserCollection))]
public sealed class ScreenTests(ChatBrowser page)
{
    [Theory]
    [InlineData(1400, 900)]
    [InlineData(390, 844)]
    [InlineData(320, 568)]
    public void Page_OnAScreen_IsNotWiderThanIt(int width, int height)
    {
        page.Open(width: width, height: height);
        string Row(string cell) => $"|{string.Join('|', Enumerable.Repeat(cell, 20))}|\n";
        page.Server.Answer = _ => ScriptedServer.Say(
            $"{new string('x', 300)}\n\n```\n{new string('y', 300)}\n```\n\n{Row("column")}{Row("-")}", 50);
        page.Ask(new string('w', 200));

        Assert.True(page.Run<bool>("return document.documentElement.scrollWidth <= innerWidth"));
        Assert.Equal([], page.Run<string[]>("""
            return [...document.querySelectorAll('.message, .dock, .bar, .code-block, .actions')]
              .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5).map(element => element.className);
            """));
        page.Click("#open-settings");
        Assert.True(page.Run<bool>("""
            const box = document.getElementById('settings').getBoundingClientRect();
            return box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
            """));
    }

    [Fact(Explicit = true)]
    [Trait(Needs.Trait, Needs.Time)]
    public void Answer_WhileItComes_MovesNothingThatWasThere()
    {
        page.Open();
        var paragraphs = Enumerable.Range(0, 12).Select(i => $"Paragraph {i} with **bold** text and `code`.");
        page.Server.Answer = _ => ScriptedServer.Say(string.Join("\n\n", paragraphs), 5);
        page.Driver.ExecuteScript("""
            window.moved = 0;
            new PerformanceObserver(list => list.getEntries().forEach(entry => window.moved += entry.value))
              .observe({ type: 'layout-shift', buffered: true });
            """);
        page.Ask("Write");

        Assert.InRange(page.Run<double>("return window.moved"), 0, 0.1);
        Assert.True(page.Run<bool>(
            "const s = document.getElementById('scroll'); return s.scrollHeight - s.scrollTop - s.clientHeight < 2"));
    }

    [Fact(Explicit = true)]
    [Trait(Needs.Trait, Needs.Time)]
    public void Keys_Alone_ReachEverythingInSight()
    {
        page.Open();
        page.Ask("Hello");
        var reached = new HashSet<string>();
        for (int i = 0; i < 30; i++)
        {
            page.Driver.SwitchTo().ActiveElement().SendKeys(Keys.Tab);
            reached.Add(page.Run<string>(
                "const e = document.activeElement; return e.getAttribute('aria-label') || e.id || e.textContent"));
        }

        Assert.Empty(new[] { "Settings", "prompt", "new-chat", "Copy", "Edit", "Answer again", "Hello" }.Except(reached));
    }

    [Fact(Explicit = true)]
    [Trait(Needs.Trait, Needs.Time)]
    public async Task Page_BeforeTheBuiltInModel_ShowsItsAnswer()
    {
        await using var server = await ServedPage.StartAsync();
        page.Open(server.Address);

        string answer = page.Ask("What is 7 + 5?");

        Assert.Contains("12", answer, StringComparison.Ordinal);
        Assert.Equal("tiny", page.Find("#model option")[0].Text);
        Assert.Matches(@"tokens · [0-9]+ of [0-9]+ prompt tokens cached", page.Find(".stats")[0].Text);
        Assert.NotEmpty(page.Ask("Tell me a story about a fox."));
        Assert.Empty(page.Errors());
    }
}
